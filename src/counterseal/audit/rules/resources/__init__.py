"""Resources: work, memory and storage that one caller can use up."""
