"""The top-level names are generic, so these tests hold off whatever could take their place."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("twin", "tools", "agents", "graphs", "channels", "evals")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def _constraints() -> dict[str, Requirement]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(r.name): r for r in requirements}


@pytest.mark.parametrize("package", PACKAGES)
def test_installed_name_resolves_to_this_checkout(package: str, tmp_path: Path) -> None:
    # Isolated and from elsewhere, so that only the environment's own paths are searched.
    found = subprocess.run(
        [sys.executable, "-I", "-c", f"import {package}; print({package}.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(found.stdout.strip()).resolve() == ROOT / package / "__init__.py"


def test_wheel_holds_the_six_packages() -> None:
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert sorted(wheel["packages"]) == sorted(PACKAGES)


def test_one_function_says_how_an_extra_is_installed() -> None:
    """What a refusal names holds in a clone and of a wheel; pages name what pins every version."""
    says = re.compile(r"pip install [^\n]*\[")
    found = {
        str(file.relative_to(ROOT))
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
        if says.search(file.read_text(encoding="utf-8"))
    }
    assert found == {"twin/errors.py"}
    extras = PROJECT["project"]["optional-dependencies"]
    for name in re.findall(r'installing\("([\w-]+)"\)', _sources()):
        assert name in extras, name


def _sources() -> str:
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    return "\n".join(file.read_text(encoding="utf-8") for file in files).replace("'", '"')


def test_distribution_refuses_to_be_uploaded() -> None:
    assert "Private :: Do Not Upload" in PROJECT["project"]["classifiers"]


@pytest.mark.parametrize("distribution", ["openai-agents", "evals"])
def test_constraints_refuse_a_distribution_that_installs_our_names(distribution: str) -> None:
    allowed = _constraints()[distribution].specifier
    assert not any(
        allowed.contains(version) for version in ("0", "0.0.1", "1.0", "3.0.1", "2026.1")
    )


def test_constraints_pin_every_dependency_exactly() -> None:
    project = PROJECT["project"]
    extras = [line for extra in project["optional-dependencies"].values() for line in extra]
    wanted = {canonicalize_name(Requirement(r).name) for r in [*project["dependencies"], *extras]}
    pinned = {
        name
        for name, requirement in _constraints().items()
        if [s.operator for s in requirement.specifier] == ["=="]
    }
    assert wanted - {canonicalize_name(project["name"])} <= pinned


def test_tests_are_no_package() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_no_agents_module_is_named_tracing() -> None:
    # langsmith tries to import `agents.tracing`, taking ours for another distribution's.
    assert [p for p in (ROOT / "agents").rglob("tracing*") if p.suffix in ("", ".py")] == []


def test_every_import_contract_whose_modules_exist_is_active() -> None:
    waiting = re.findall(r'^# source_modules = \["(.+)"\]$', _pyproject_text(), re.MULTILINE)
    waiting += re.findall(r'^# forbidden_modules = \["([a-z_.]+)"\]$', _pyproject_text(), re.M)
    assert [m for m in waiting if m not in PACKAGES and _exists(m)] == []


def _pyproject_text() -> str:
    return (ROOT / "pyproject.toml").read_text()


def _exists(module: str) -> bool:
    path = ROOT.joinpath(*module.split("."))
    return path.with_suffix(".py").exists() or path.is_dir()
