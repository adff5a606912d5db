"""Pure: queues and agents: who is on the floor, whose turn it is, who takes the call and why not somebody else."""
