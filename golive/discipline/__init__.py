"""What is remembered between runs, in the state folder of the user, and who is at work."""
