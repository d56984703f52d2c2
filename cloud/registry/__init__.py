"""Who takes part and with what: enterprises, sites, agents, machines and the services that machines offer."""
