"""What a request costs at each offer, and how offers differ: pure, except for the file of live prices. Imports the
rooms below it, up to translate."""
