# Each target sets up what it needs by itself: Python ≥ 3.11, make and the network are enough.
# `make demo` shows the platform · `make run` serves it · `make test` · `make test-spark` · `make check` · `make lock` pins the libraries.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CODE_ONLY := FUPIN_NO_DATABASE=1

.PHONY: demo run test test-spark spark check bench format lock browser fonts clean
.DEFAULT_GOAL := demo

demo: $(READY) fonts
	$(BIN)/fupin demo $(ARGS)

run: $(READY) fonts
	$(BIN)/fupin serve $(ARGS)

test: $(READY) browser
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test-spark: spark
	@if ! java -version >/dev/null 2>&1 && [ -z "$$JAVA_HOME" ]; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq openjdk-17-jre-headless; \
	  else \
	    echo "Spark 的测试需要 Java 17，请安装后重试："; \
	    echo "the tests of Spark need Java 17; install it and try again:"; \
	    echo "  sudo apt-get install openjdk-17-jre-headless"; exit 1; \
	  fi; \
	fi
	$(BIN)/pytest fupin/engine/spark fupin/identify/tests/test_with_spark.py $(ARGS)

# The extra `spark` beside everything else: `fupin run --engine spark` works afterwards.
spark: $(VENV)/.spark
$(VENV)/.spark: $(READY) requirements-spark.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-spark.lock
	@touch $(VENV)/.spark

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(CODE_ONLY) $(BIN)/mypy fupin conftest.py
	$(BIN)/lint-imports
	find fupin -path '*/templates/*.html' -print0 | xargs -0 -r $(BIN)/djade --target-version 5.2 --check
	$(BIN)/fupin check
	$(BIN)/fupin docs --check
	$(CODE_ONLY) $(BIN)/fupin manage check
	$(CODE_ONLY) $(BIN)/fupin manage makemigrations --check --dry-run

# JSON lines on stdout: the command itself is not printed.
bench: $(READY)
	@$(BIN)/python -m fupin.bench $(ARGS)

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	find fupin -path '*/templates/*.html' -print0 | xargs -0 -r $(BIN)/djade --target-version 5.2

# The stamp makes the second time quick; it is older than the lock file when a library changes.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "需要 Python 3.11 或更新版本；可用 make PYTHON=python3.12 指定。"; \
	  echo "Python 3.11 or newer is needed; name it with: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "建立虚拟环境失败；Debian/Ubuntu 请先运行 apt-get install python3-venv"; \
	  echo "making the virtual environment failed; on Debian/Ubuntu first: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	$(CODE_ONLY) $(BIN)/fupin manage compile_translations
	@touch $(READY)

# A Chinese font for the printed papers; without one everything else works, and the page that prints says what is missing.
fonts:
	@if ! fc-list :lang=zh 2>/dev/null | grep -q .; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq || true; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq fonts-noto-cjk fontconfig || true; \
	  fi; \
	  fc-list :lang=zh 2>/dev/null | grep -q . || { \
	    echo "没有找到中文字体：打印扶贫手册等 PDF 需要它，请安装："; \
	    echo "no Chinese font was found; the printed papers need one, install it:"; \
	    echo "  sudo apt-get install fonts-noto-cjk fontconfig"; }; \
	fi

# Chromium for the tests of the pages, and a font so that Chinese is not drawn as boxes. The one without windows is
# three times quicker; where it cannot be had, the ordinary one does as well.
browser:
	@has() { command -v "$$1" >/dev/null; }; \
	ready() { { [ -x "$$FUPIN_CHROMIUM" ] || has "$$1"; } && fc-list :lang=zh 2>/dev/null | grep -q .; }; \
	install() { DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$$1" fonts-noto-cjk fontconfig; }; \
	if ready chromium-headless-shell; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && has apt-get; then \
	  apt-get update -qq || true; install chromium-headless-shell || ready chromium || install chromium; \
	elif ! ready chromium; then \
	  echo "网页测试需要 Chromium 与中文字体，请安装后重试："; \
	  echo "the tests of the pages need Chromium and a Chinese font; install them and try again:"; \
	  echo "  sudo apt-get install chromium-headless-shell fonts-noto-cjk fontconfig"; \
	  echo "  (FUPIN_CHROMIUM=/path/to/chromium)"; exit 1; \
	fi

lock:
	uv pip compile --quiet --no-emit-index-url --no-header --extra embedded --extra test --python-version 3.11 \
	  --universal pyproject.toml --output-file requirements.lock
	uv pip compile --quiet --no-emit-index-url --no-header --extra spark --constraint requirements.lock \
	  --python-version 3.11 --universal pyproject.toml --output-file requirements-spark.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
