"""What others see of the database: the migrations' runner, and stores with one method per need."""
