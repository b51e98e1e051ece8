"""What operations cost, by name: the multiply-adds of products, and the rates of everything else."""
