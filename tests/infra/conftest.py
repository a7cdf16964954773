"""What tests of the infrastructure share: the templates as they go out, written once a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra import fragments, validate
from infra.package import ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, fragments.Document]:
    return validate.templates(ROOT, tmp_path_factory.mktemp("templates"))


@pytest.fixture(scope="session")
def data(written: dict[Path, fragments.Document]) -> fragments.Document:
    return next(each for path, each in written.items() if path.name == "data.json")


@pytest.fixture(scope="session")
def app(written: dict[Path, fragments.Document]) -> fragments.Document:
    return next(each for path, each in written.items() if path.name == "template.json")
