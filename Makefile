# Every target first does whatever set-up is still missing; each can be interrupted and repeated.
# More words for a command: make demo ARGS="--calls 20"
.DEFAULT_GOAL := help
.PHONY: help setup demo run test check doctor clean
ARGS ?=
BIN := .venv/bin

help: ## what can be made
	@echo "callrouter: make WHAT [ARGS=\"...\"]"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1|\2/p' Makefile | while IFS='|' read -r what why; do printf '%-12s %s\n' "$$what" "$$why"; done

setup: ## everything that is needed, into .venv and your cache folder (no root needed)
	@sh scripts/setup.sh

demo: setup ## real calls through a real Asterisk, told as they happen; ends by itself
	@$(BIN)/callrouter demo $(ARGS)

run: setup ## start the centre with config/ and stay; Ctrl-C ends it
	@$(BIN)/callrouter run $(ARGS)

doctor: setup ## check this machine and the configuration, and say what to do
	@$(BIN)/callrouter doctor $(ARGS)

check: setup ## formatting, lint and types only
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy --strict

test: check ## check, then every test: pure, contract (real Redis) and live (real Asterisk, SIP and sound)
	@PYTHONASYNCIODEBUG=1 $(BIN)/pytest -m "not live" $(ARGS)
	@$(BIN)/pytest -m live $(ARGS)

clean: ## forget the .venv and what tools have cached here; your run/ and recordings/ stay
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis
