# Only other names for the tasks of dev.py, which needs no make.
.PHONY: demo test lint docs lock
PYTHON ?= python3

demo test lint docs lock:
	@$(PYTHON) dev.py $@ $(ARGS)
