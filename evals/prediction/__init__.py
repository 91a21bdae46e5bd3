"""How well it is predicted what fails next, on networks that nothing was fitted on."""
