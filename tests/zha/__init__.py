"""The integration beside the real ZHA. Needs requirements/zha.txt in front of the environment."""
