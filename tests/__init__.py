"""The tests of Whistle."""
