"""The door for images: arrays, .npz files and folders of PNG, checked."""
