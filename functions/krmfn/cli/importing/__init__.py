"""From the placement intents of other projects to PlacementIntents; imported when there is work."""
