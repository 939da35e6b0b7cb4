"""From what a run has seen to what to do about it: the texts and the tree behind a diagnosis."""
