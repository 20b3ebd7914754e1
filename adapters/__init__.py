"""One module a provider: facts, read beside the provider's page. `anymedia.registry` finds them.

A provider whose catalogue is more than one file can be read in is a folder, with a file for each family of models: each
is then read beside the page of that family, and the folder's own file beside what the provider says of all.
"""
