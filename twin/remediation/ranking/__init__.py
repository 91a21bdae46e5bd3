"""What a learned order of choices is shown of a situation, and what makes an order of it."""
