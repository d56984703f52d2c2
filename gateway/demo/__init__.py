"""The main job from end to end on one machine: a plant, its agents, the cloud and a partner, each a process."""
