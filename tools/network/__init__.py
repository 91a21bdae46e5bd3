"""The live network behind one Protocol."""
