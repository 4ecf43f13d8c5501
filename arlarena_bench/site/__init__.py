"""The leaderboard as a folder of web pages that need no server and no network."""
