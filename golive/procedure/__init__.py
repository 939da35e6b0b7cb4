"""The written procedure as data: its steps and stages. What performs or tells it is elsewhere."""
