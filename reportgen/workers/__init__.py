"""Where the work of a run is done: executors, and workers, processes that a model's code has to itself."""
