"""The forwarder: station files on to another authority's server, byte for byte, in order, with proof."""
