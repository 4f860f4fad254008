"""Named transforms: pure pairs between what a system shows and what the canonical model holds. See `registry`."""
