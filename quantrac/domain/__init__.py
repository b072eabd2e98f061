"""The words of the domain, as frozen dataclasses and enums. Standard library only, no input or output."""
