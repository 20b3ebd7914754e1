"""What a request costs at each offer, and how offers differ: pure but for stored live prices. Imports translate."""
