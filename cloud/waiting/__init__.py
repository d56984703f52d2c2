"""The waiting list: who found nothing free is told, and has it held, when something comes free."""
