"""What broken and hostile stores answer, as data, and how each answer leaves."""
