"""What goes out with a model's release, each made from a report alone: report in, text out."""
