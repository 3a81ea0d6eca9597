"""MedSigLIP beside the answers: how well words fit an image, and which images are alike."""
