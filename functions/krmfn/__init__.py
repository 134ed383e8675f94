"""KRM functions that resolve edge intents while a kpt package renders."""
