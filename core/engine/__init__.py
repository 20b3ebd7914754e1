"""The steps, tied together: buying, waiting, recovering. Imports every other room, and none imports it but the face."""
