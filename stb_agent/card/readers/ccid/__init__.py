"""CCID readers directly over USB, for boxes without pcscd (USB-IF, Device Class: Smart Card CCID, rev. 1.1)."""
