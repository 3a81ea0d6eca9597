"""Making and adapting the models that ship: `scripts/train NAME`."""
