"""What is spoken with a board: the line, the boot loader's console, the file transfer."""
