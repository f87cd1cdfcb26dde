"""The real readers: the only place that imports smartcard (and, for boxes without a PC/SC service, usb)."""
