"""The roof: what a person runs (`syncline …`) and what third parties import (`syncline.sdk`)."""

__version__ = "0.1.0"
