# Every target works in one .venv, in which the built wheel of this checkout is installed: never the checkout itself.
# Needs python3 (3.11 or newer) with venv, and make; the tests also ffmpeg, whose ffprobe reads the films and sounds that
# simulators make, and PostgreSQL. Nothing is fetched but packages of PyPI, and by `make postgres` that of the system.

PYTHON ?= python3
BIN := .venv/bin
# The tests' bytecode is kept: to make it anew takes as long as all else before the first test.
export PYTHONDONTWRITEBYTECODE :=
# The makers' own clients, which `make install` goes without where they cannot be had.
CLIENTS = $(BIN)/python -c 'import tomllib; \
	print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["clients"], sep="\n")'
# Folders count too, so that a deleted file is noticed.
SOURCES := $(shell find core adapters simulators cli testing -name __pycache__ -prune -o -print) \
	README.md LICENSE MANIFEST.in pyproject.toml setup.cfg
PACKAGE = $(BIN)/python -c 'import anymedia; print(anymedia.__path__[0])'
# Where PostgreSQL is; fails where it is not installed. What only it reaches is left out of the report there.
POSTGRES = $(BIN)/python -m tests.postgres
NEEDS_POSTGRES = journal/postgres/* worker/*

.PHONY: install demo postgres test quick lint types check pythons soak mutants docs site pictures bench cassettes clean

install: .venv/.installed

demo: .venv/.installed
	@$(BIN)/anymedia demo --out media

# The server that tests of many machines start, as the system's package; one that the system starts with it is left alone.
postgres: .venv/.tools
	@$(POSTGRES) || { \
		sudo=$$(test "$$(id -u)" = 0 || echo sudo); \
		{ $$sudo apt-get update && $$sudo apt-get install --yes --no-install-recommends postgresql; } && $(POSTGRES); \
	} || { echo "PostgreSQL cannot be installed here: without it make test leaves out what needs it, and says so"; exit 1; }

test: lint types check

# What goes over every offer at a simulator, and so grows with each of them.
PER_OFFER = of_files_too or keeps_its_promises or what_it_charges or put_in or every_work or every_field or \
	of_this_machine or an_upload_that_fails or bad_look or lost_answer

# For each change: lint, types, and the tests that say most in half a minute, with few cases and no slow one.
quick: lint types
	ANYMEDIA_CASES=0.1 $(BIN)/pytest -q -n auto --dist worksteal -p no:cacheprovider -m "not slow" \
		tests/core tests/adapters tests/contract --ignore=tests/core/test_storage.py --ignore=tests/core/test_measured.py \
		-k "not ($(PER_OFFER))"

lint: .venv/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# mypy reads the checkout through links that lay it out as it is installed; pyright reads what users install.
types: .venv/.installed
	@rm -rf .types && mkdir -p .types/anymedia
	@ln -s $(CURDIR)/core/* $(CURDIR)/adapters $(CURDIR)/simulators $(CURDIR)/cli $(CURDIR)/testing \
		.types/anymedia/
	@echo "mypy, mypy docs/*.py, mypy examples/howto, basedpyright --verifytypes anymedia"
	@(cd tests && PATH="$(CURDIR)/$(BIN):$$PATH" basedpyright --verifytypes anymedia --ignoreexternal) \
		> .types/pyright.txt & pyright=$$!; \
	$(BIN)/mypy && MYPYPATH=docs:.types $(BIN)/mypy docs/generate.py docs/publish.py && \
		MYPYPATH=examples/howto:.types $(BIN)/mypy examples/howto/*.py; mypy=$$?; \
	wait $$pyright || { cat .types/pyright.txt; exit 1; }; exit $$mypy

# Half the cases of what tries values at random: `make soak` tries twenty times as many and more.
check: .venv/.installed
	ANYMEDIA_CASES=0.5 $(BIN)/pytest -q -n auto --dist worksteal --cov --cov-report= -p no:cacheprovider
	@package="$$($(PACKAGE))"; omitted="$$package/cli/*,$$package/simulators/*"; \
	postgres="$$($(POSTGRES))" || for each in $(NEEDS_POSTGRES:%='%'); do omitted="$$omitted,$$package/$$each"; done; \
	$(BIN)/coverage report --show-missing --skip-covered --fail-under=100 --include="$$package/*" --omit="$$omitted" \
		|| exit 1; \
	$(POSTGRES) > /dev/null || echo "$$postgres. Its tests were skipped, and $(NEEDS_POSTGRES) are not in this report."

.venv/.tools: pyproject.toml setup.cfg
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "anymedia needs Python 3.11 or newer")'
	@echo "installing what anymedia and its tools need into .venv"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=24" "setuptools>=77"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check ".[dev]"
	@$(CLIENTS) > .venv/clients.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r .venv/clients.txt 2> .venv/clients.log || \
		while read -r client; do \
			$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$client" < /dev/null 2>> .venv/clients.log \
				|| echo "$$client cannot be installed: its tests are skipped (.venv/clients.log)"; \
		done < .venv/clients.txt
	@touch $@

.venv/.installed: .venv/.tools $(SOURCES)
	@echo "building and installing the wheel"
	@rm -rf .venv/dist anymedia.egg-info build
	@$(BIN)/python -m build --no-isolation --outdir .venv/dist . > .venv/build.log 2>&1 || { cat .venv/build.log; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall .venv/dist/*.whl
	@touch $@

# What was bought twice once, on the other Pythons that are found: connections are kept alive in other ways there.
OTHERS ?= 3.12 3.13 3.14
pythons: .venv/.installed
	@failed=0; for version in $(OTHERS); do \
		found=; venv=.venv-$$version; \
		for python in python$$version "$$(pyenv root 2>/dev/null)/versions/$$version".*/bin/python; do \
			if "$$python" -c 'pass' 2>/dev/null; then found="$$python"; break; fi; \
		done; \
		if test -z "$$found"; then echo "Python $$version is not found here: nothing is run on it"; continue; fi; \
		test -x $$venv/bin/python || "$$found" -m venv $$venv || exit 1; \
		echo "running on $$($$venv/bin/python --version)"; \
		wheel=$$(ls .venv/dist/*.whl); \
		$$venv/bin/python -m pip install --quiet --disable-pip-version-check "$$wheel[cli,testing]" \
			"pytest-asyncio>=0.24" || exit 1; \
		$$venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall "$$wheel" \
			|| exit 1; \
		$$venv/bin/python -m pytest -q -p no:cacheprovider tests/odd/test_counted.py tests/odd/test_one_bill.py \
			|| failed=1; \
	done; exit $$failed

# Twenty times the cases of `make test` and more, new ones in every run, what it plays in turn at all providers, the
# whole fault matrix, 200 rounds of kill -9 of submits and of batches, 50 of workers, thousands of rows at the limits of
# providers, and other mutants every day: a hundred minutes on two free cores, two and a half hours at most.
# Each command has a bound of its own.
soak: export PYTEST_TIMEOUT = 0
soak: .venv/.installed postgres
	ANYMEDIA_CASES=50 timeout 540 $(BIN)/pytest -q -n auto -p no:cacheprovider tests/agreement
	ANYMEDIA_CASES=20 timeout 600 $(BIN)/pytest -q -n auto -p no:cacheprovider tests/fuzz tests/machine \
		tests/simulators/test_fuzz.py tests/client/test_quotes.py tests/odd/test_one_bill.py
	ANYMEDIA_ROUNDS=200 timeout 360 $(BIN)/pytest -q -p no:cacheprovider tests/journal/test_kill.py
	ANYMEDIA_ROUNDS=200 timeout 1800 $(BIN)/pytest -q -p no:cacheprovider tests/batch/test_kill_rows.py
	ANYMEDIA_ROUNDS=50 timeout 1800 $(BIN)/pytest -q -p no:cacheprovider tests/worker/test_kill_workers.py
	ANYMEDIA_ROWS=5000 timeout 900 $(BIN)/pytest -q -p no:cacheprovider tests/batch/test_limits.py
	ANYMEDIA_SECONDS=40 timeout 300 $(BIN)/pytest -q -p no:cacheprovider tests/journal/test_limits_together.py
	ANYMEDIA_ROUNDS=2 timeout 300 $(BIN)/pytest -q -p no:cacheprovider tests/client/test_fault_matrix.py
	ANYMEDIA_CASES=2 timeout 300 $(BIN)/pytest -q -p no:cacheprovider tests/thirdparty/test_deletion.py
	ANYMEDIA_PROMISES=all timeout 600 $(BIN)/pytest -q -n auto -p no:cacheprovider tests/planted
	timeout 1500 $(BIN)/python tests/mutants.py --number 50 --seed $$(date +%j)

# Plants one wrong fact at a time into the adapters; fails when the tests do not notice one.
mutants: .venv/.installed
	$(BIN)/python tests/mutants.py

# The pages of docs/ that are made from the code; `make check` says when they are out of date.
docs: .venv/.installed
	$(BIN)/python docs/generate.py

# The pages of docs/ as a site in site/, which needs no server; what its maker warns of is an error. zensical makes it, the
# successor of mkdocs-material: that is maintained no longer than until May 2027, and its mkdocs is already not.
site: .venv/.installed
	$(BIN)/python docs/publish.py site
	@echo "site/index.html is the first page"

# The pictures of README.md, from the real command line and from what simulators make: for whoever changed either.
pictures: .venv/.installed
	$(BIN)/python docs/pictures.py

# At the simulators; LIVE=1: at every provider whose key is in the environment, for one cheapest picture each.
cassettes: .venv/.installed
	$(BIN)/python -m tests.cassettes.record $(if $(LIVE),--live)

bench: .venv/.installed postgres
	$(BIN)/python benchmarks/bench.py --write
	$(BIN)/python benchmarks/spread.py

clean:
	rm -rf .venv .venv-* .types site build dist anymedia.egg-info media
