"""What is thrown at the doors. Nothing of it may end as a 500, harm what stands beside it, or be lost without a reason."""
