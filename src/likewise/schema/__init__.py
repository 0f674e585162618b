"""What a column is and how it was written: inferred, declared, parsed to one type a kind and written back."""
