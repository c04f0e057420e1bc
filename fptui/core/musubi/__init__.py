"""What is known about musubi-tuner 0.3.4 (commit 30c658c): its options, commands, log and files."""
