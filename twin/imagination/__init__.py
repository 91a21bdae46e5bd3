"""What will break next: failures by how often they are to be expected and what they cost."""
