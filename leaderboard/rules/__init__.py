"""Rules of the leaderboard, a file for each track and version; read by the room `submission`."""
