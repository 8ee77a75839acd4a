"""What an official sees and does for himself, on his phone or in a browser."""
