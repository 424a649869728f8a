"""Films of synthetic people who walk past one camera, with the true box of everyone in every frame."""
