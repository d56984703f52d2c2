"""The fence: what may cross between plant and cloud, in which form, and the post that carries it exactly once."""
