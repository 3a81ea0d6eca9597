"""What can be read from an answer: places on an image, changes, a lab table. Pure."""
