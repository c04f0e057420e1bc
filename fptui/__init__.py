"""Train FramePack LoRAs on a rented GPU from one terminal, and never pay for an idle one."""

__version__ = "0.1.0"
