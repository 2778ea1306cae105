"""How long a scan may take: what was stated, what the queue says, or what its work asks for."""
