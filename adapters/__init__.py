"""One module a provider: facts, read beside the provider's page. `anymedia.registry` finds them."""
