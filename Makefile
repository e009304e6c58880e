# Only other names for the tasks of dev.py, which needs no make.
.PHONY: demo test lint lock
PYTHON ?= python3

demo test lint lock:
	@$(PYTHON) dev.py $@ $(ARGS)
