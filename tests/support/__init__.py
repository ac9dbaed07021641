"""What tests share: lengths, servers, clients."""
