"""The audit trail: who did what when to which object, and what was refused to whom."""
