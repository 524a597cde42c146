"""Backend of the Todo application."""
