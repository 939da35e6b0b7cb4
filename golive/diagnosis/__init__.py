"""From what was seen to the cause and the cure. It observes nothing itself."""
